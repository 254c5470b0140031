"""A peer in Python: PyTorch (eager or compiled) or JAX. Speaks the protocol of ../protocol.ts.

    python3 -u serve.py torch-eager|torch-compiled|jax FOLDER

Runs on the GPU if the library sees one, else on the CPU; float32 throughout, TensorFloat-32 off.
"""

import json
import os
import sys
import time
from array import array

MARK = "@bench "


class Unable(Exception):
    """What a peer cannot do."""


def send(**reply):
    sys.stdout.write(MARK + json.dumps(reply) + "\n")
    sys.stdout.flush()


def read(folder, name):
    """The description of a subject, its inputs and its parameters: lists of (shape, array)."""
    with open(os.path.join(folder, name + ".json"), encoding="utf8") as f:
        described = json.load(f)
    numbers = array("f")
    path = os.path.join(folder, name + ".bin")
    with open(path, "rb") as f:
        numbers.fromfile(f, os.path.getsize(path) // 4)

    def given(entry):
        size = 1
        for n in entry["shape"]:
            size *= n
        return entry["shape"], numbers[entry["offset"] : entry["offset"] + size]

    inputs = [given(entry) for entry in described["inputs"]]
    parameters = {key: given(entry) for key, entry in described["parameters"].items()}
    return described, inputs, parameters


def main():
    kind, folder = sys.argv[1], sys.argv[2]
    if kind == "jax":
        from jax_peer import JaxPeer

        peer = JaxPeer()
    else:
        from torch_peer import TorchPeer

        peer = TorchPeer(compiled=kind == "torch-compiled")
    send(ready=peer.version)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["command"] == "start":
                described, inputs, parameters = read(folder, request["subject"])
                begin = time.perf_counter()
                run, way = peer.prepare(described, inputs, parameters)
                result = run()
                elapsed = (time.perf_counter() - begin) * 1e3
                with open(request["result"], "wb") as f:
                    f.write(result.astype("float32").tobytes())
                send(milliseconds=elapsed, way=way)
            elif request["command"] == "run":
                begin = time.perf_counter()
                run()
                send(milliseconds=(time.perf_counter() - begin) * 1e3)
            else:
                run = None
                send()
        except Unable as error:
            send(unable=str(error))
        except Exception as error:  # the bench goes on with the next subject
            send(failed=f"{type(error).__name__}: {error}".splitlines()[0][:300])


if __name__ == "__main__":
    main()
