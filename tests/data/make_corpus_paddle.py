"""Makes corpus/paddle-*: what `paddle.save` writes of weights, of an optimizer's state and of other values.

Release: paddlepaddle 3.3.1.
"""

import numpy as np
import paddle
from corpus_writing import Folder


def main():
    out = Folder("paddle", paddle.__version__)
    paddle.seed(0)
    layer = paddle.nn.Sequential(paddle.nn.Linear(4, 3), paddle.nn.BatchNorm1D(3))
    optimizer = paddle.optimizer.Adam(parameters=layer.parameters())
    layer(paddle.rand((2, 4))).sum().backward()
    optimizer.step()
    values = {
        "model.pdparams": layer.state_dict(),
        "model.pdopt": optimizer.state_dict(),
        "tensor.pdtensor": paddle.arange(6, dtype="float32").reshape((2, 3)),
        "nested.pdckpt": {"epoch": 3, "best": np.float64(0.5), "layers": [{"w": paddle.ones((2,), "bfloat16")}]},
    }
    for protocol in (2, 4):
        for name, value in values.items():
            paddle.save(value, str(out(name.replace(".", f".p{protocol}."))), protocol=protocol)
    paddle.enable_static()
    paddle.static.nn.fc(paddle.static.data("x", [None, 4]), 3)
    paddle.static.Executor().run(paddle.static.default_startup_program())
    program = paddle.static.default_main_program()
    paddle.save(program.state_dict(), str(out("static.pdparams")))
    paddle.save(list(program.state_dict().values()), str(out("tensors.pdparams")))
    out.check()


if __name__ == "__main__":
    main()
