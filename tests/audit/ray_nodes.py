"""Two nodes of a Ray cluster on loopback: prints its address; ends one node at each line read, all at their end.

python ray_nodes.py CPUS
"""

import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

if __name__ == "__main__":
    cpus = int(sys.argv[1])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus, "include_dashboard": False})
    others = [cluster.add_node(num_cpus=cpus)]
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(others.pop(), allow_graceful=False)
    cluster.shutdown()
