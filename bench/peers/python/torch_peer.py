"""The subjects in PyTorch, by torch.func: jacrev, or jacfwd where there are fewer inputs than outputs."""

import torch
import torch.nn.functional as F

try:
    from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap
except ImportError:  # before PyTorch 2.0
    from functorch import grad, hessian, jacfwd, jacrev, jvp, vmap

from serve import Unable

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def layers(p, settings):
    count = settings["layers"]

    def f(x):
        for i in range(count):
            x = x @ p[f"w{i}"]
            if i < count - 1:
                x = torch.tanh(x)
        return x

    return f


def attention(p, settings):
    def f(x):
        tokens, width = x.shape
        heads = settings["heads"]
        h = F.layer_norm(x, (width,), p["weight"], p["bias"])

        def split(w):
            return (h @ p[w]).reshape(tokens, heads, width // heads).transpose(0, 1)

        scores = split("wq") @ split("wk").transpose(1, 2) / (width // heads) ** 0.5
        mixed = (torch.softmax(scores, -1) @ split("wv")).transpose(0, 1)
        return x + mixed.reshape(tokens, width) @ p["wo"]

    return f


def cnn(p, _):
    def f(x):
        h = torch.relu(F.conv2d(x[None], p["w0"]))
        return torch.relu(F.conv2d(h, p["w1"], stride=2)).reshape(-1) @ p["w2"]

    return f


def resnet(p, _):
    def norm(y, i):
        return F.batch_norm(
            y, p[f"mean{i}"], p[f"variance{i}"], p[f"weight{i}"], p[f"bias{i}"], training=False
        )

    def f(x):
        h = torch.relu(norm(F.conv2d(x[None], p["w0"], padding=1), 0))
        return torch.relu(norm(F.conv2d(h, p["w1"], padding=1), 1)[0] + x)

    return f


def logistic(p, _):
    def f(w):
        z = p["data"] @ w
        return (F.softplus(z) - z * p["labels"]).sum()

    return f


FUNCTIONS = {
    "mlp": layers,
    "mlp-sum": lambda p, s: lambda x: layers(p, s)(x).sum(),
    "mlp-logsumexp": lambda p, s: lambda x: torch.logsumexp(layers(p, s)(x), -1),
    "cnn": cnn,
    "attention": attention,
    "resnet": resnet,
    "layernorm": lambda p, _: lambda x: F.layer_norm(x, x.shape, p["weight"], p["bias"]),
    "softmax": lambda p, _: lambda x: torch.softmax(x, -1),
    "elementwise": lambda p, _: lambda x: x * torch.exp(-x * x) + torch.tanh(torch.sin(x)),
    "logistic": logistic,
}


class TorchPeer:
    def __init__(self, compiled):
        self.compiled = compiled
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if compiled and not hasattr(torch, "compile"):
            raise SystemExit("torch.compile needs PyTorch 2.0")
        where = torch.cuda.get_device_name() if self.device == "cuda" else "CPU"
        self.version = f"PyTorch {torch.__version__} on {where}"

    def put(self, given):
        shape, data = given
        return torch.frombuffer(data, dtype=torch.float32).reshape(shape).to(self.device)

    def prepare(self, described, inputs, parameters):
        make = FUNCTIONS.get(described["function"])
        if make is None:
            raise Unable(f"has no {described['function']}")
        p = {key: self.put(given) for key, given in parameters.items()}
        f = make(p, described["settings"])
        derivative = described["derivative"]
        batched = derivative == "batch jacobian"
        n = 1
        for d in inputs[0][0][1 if batched else 0 :]:
            n *= d
        m = 1
        for d in described["shape"][1 if batched else 0 :]:
            m *= d
        forward = n < m // n
        way = "jacfwd" if forward else "jacrev"
        jacobian = jacfwd(f) if forward else jacrev(f)
        if derivative == "jacobian":
            compute = jacobian
        elif batched:
            compute = vmap(jacobian)
        elif derivative == "hessian":
            compute, way = hessian(f), "hessian"
        elif derivative == "diagonal":
            compute, way = lambda x: jvp(f, (x,), (torch.ones_like(x),))[1], "jvp"
        else:
            compute, way = lambda x, v: jvp(grad(f), (x,), (v,))[1], "jvp of grad"
        if self.compiled:
            compute = torch.compile(compute)

        def run():
            return compute(*[self.put(given) for given in inputs]).detach().cpu().numpy()

        return run, way
