"""Makes corpus/sb3-*, gymnasium-*: agents, their archives and environments, and the tables of simple agents.

Releases: stable-baselines3 2.9.2, gymnasium.
"""

import zipfile
from pathlib import Path

import gymnasium
import numpy as np
import stable_baselines3 as sb3
import torch
from corpus_writing import Folder
from stable_baselines3.common import buffers, noise, running_mean_std, vec_env

if __file__ != Path(__file__).name:
    # Functions carry the file that they are from, and the folder that it is in is nobody's business.
    path, __file__ = Path(__file__), Path(__file__).name
    exec(compile(path.read_text(), __file__, "exec"))
    raise SystemExit


def agents(out):
    narrow = {"net_arch": [4]}
    made = {
        "ppo": sb3.PPO("MlpPolicy", "CartPole-v1", policy_kwargs=dict(narrow), n_steps=8, batch_size=8, device="cpu"),
        "a2c": sb3.A2C("MlpPolicy", "CartPole-v1", policy_kwargs=dict(narrow), device="cpu"),
        "dqn": sb3.DQN("MlpPolicy", "CartPole-v1", policy_kwargs=dict(narrow), buffer_size=8, device="cpu"),
        "sac": sb3.SAC("MlpPolicy", "Pendulum-v1", policy_kwargs=dict(narrow), buffer_size=8, device="cpu"),
        "ppo_scheduled": sb3.PPO("MlpPolicy", "CartPole-v1", learning_rate=lambda left: left * 1e-3, policy_kwargs={**narrow, "activation_fn": torch.nn.ReLU}, n_steps=8, batch_size=8, device="cpu"),
    }
    made["ppo"].learn(8)
    for name, agent in made.items():
        agent.save(out(f"{name}.zip"))
        with zipfile.ZipFile(out(f"{name}.zip")) as archive:
            for part in ("policy.pth", "policy.optimizer.pth", "pytorch_variables.pth"):
                if name in {"ppo", "dqn"} and part in archive.namelist():
                    out.bytes(f"{name}.{part}", archive.read(part))
    envs = vec_env.VecNormalize(vec_env.DummyVecEnv([lambda: gymnasium.make("CartPole-v1")]))
    envs.save(out("vec_normalize.pkl"))
    space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    out.pickle("replay_buffer", buffers.ReplayBuffer(4, space, space, device="cpu"), (4,))
    out.pickle("noise", [noise.NormalActionNoise(np.zeros(1), np.ones(1)), running_mean_std.RunningMeanStd()], (4,))


def tables(out):
    env = gymnasium.make("FrozenLake-v1", map_name="4x4", is_slippery=False)
    model = {
        "env_id": "FrozenLake-v1",
        "max_steps": 99,
        "n_eval_episodes": 100,
        "eval_seed": [],
        "learning_rate": 0.7,
        "qtable": np.zeros((env.observation_space.n, env.action_space.n)),
    }
    out.pickle("q-learning", model, (2, 4, 5))
    out.pickle("spec", env.spec, (4,))
    out.pickle("spaces", [gymnasium.spaces.Discrete(3), gymnasium.spaces.Box(0, 1, (2,)), gymnasium.spaces.Dict(a=gymnasium.spaces.MultiBinary(2)), gymnasium.spaces.Tuple([gymnasium.spaces.MultiDiscrete([2, 3])])], (2, 4))


def main():
    torch.manual_seed(0)
    agents(Folder("sb3", sb3.__version__))
    tables(Folder("gymnasium", gymnasium.__version__))


if __name__ == "__main__":
    main()
