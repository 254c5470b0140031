"""The subjects in JAX, jitted: jacrev, or jacfwd where there are fewer inputs than outputs."""

import jax
import jax.numpy as jnp
import numpy as np

from serve import Unable

jax.config.update("jax_default_matmul_precision", "highest")  # no TensorFloat-32


def layers(p, settings):
    count = settings["layers"]

    def f(x):
        for i in range(count):
            x = x @ p[f"w{i}"]
            if i < count - 1:
                x = jnp.tanh(x)
        return x

    return f


def layer_norm(x, weight, bias):
    d = x - x.mean(-1, keepdims=True)
    return d / jnp.sqrt((d * d).mean(-1, keepdims=True) + 1e-5) * weight + bias


def conv(x, w, stride, padding):
    return jax.lax.conv_general_dilated(x[None], w, (stride, stride), padding)[0]


def attention(p, settings):
    def f(x):
        tokens, width = x.shape
        heads = settings["heads"]
        h = layer_norm(x, p["weight"], p["bias"])

        def split(w):
            return (h @ p[w]).reshape(tokens, heads, width // heads).transpose(1, 0, 2)

        scores = split("wq") @ split("wk").transpose(0, 2, 1) / (width // heads) ** 0.5
        mixed = (jax.nn.softmax(scores, -1) @ split("wv")).transpose(1, 0, 2)
        return x + mixed.reshape(tokens, width) @ p["wo"]

    return f


def cnn(p, _):
    def f(x):
        h = jax.nn.relu(conv(x, p["w0"], 1, "VALID"))
        return jax.nn.relu(conv(h, p["w1"], 2, "VALID")).reshape(-1) @ p["w2"]

    return f


def resnet(p, _):
    def norm(y, i):
        def channel(name):
            return p[f"{name}{i}"][:, None, None]

        scale = channel("weight") / jnp.sqrt(channel("variance") + 1e-5)
        return (y - channel("mean")) * scale + channel("bias")

    def f(x):
        h = jax.nn.relu(norm(conv(x, p["w0"], 1, "SAME"), 0))
        return jax.nn.relu(norm(conv(h, p["w1"], 1, "SAME"), 1) + x)

    return f


def logistic(p, _):
    def f(w):
        z = p["data"] @ w
        return (jax.nn.softplus(z) - z * p["labels"]).sum()

    return f


FUNCTIONS = {
    "mlp": layers,
    "mlp-sum": lambda p, s: lambda x: layers(p, s)(x).sum(),
    "mlp-logsumexp": lambda p, s: lambda x: jax.nn.logsumexp(layers(p, s)(x)),
    "cnn": cnn,
    "attention": attention,
    "resnet": resnet,
    "layernorm": lambda p, _: lambda x: layer_norm(x, p["weight"], p["bias"]),
    "softmax": lambda p, _: lambda x: jax.nn.softmax(x, -1),
    "elementwise": lambda p, _: lambda x: x * jnp.exp(-x * x) + jnp.tanh(jnp.sin(x)),
    "logistic": logistic,
}


class JaxPeer:
    def __init__(self):
        self.version = f"JAX {jax.__version__} on {jax.devices()[0].device_kind}"

    def prepare(self, described, inputs, parameters):
        make = FUNCTIONS.get(described["function"])
        if make is None:
            raise Unable(f"has no {described['function']}")

        def host(given):
            shape, data = given
            return np.frombuffer(data, dtype=np.float32).reshape(shape)

        p = {key: jnp.asarray(host(given)) for key, given in parameters.items()}
        f = make(p, described["settings"])
        derivative = described["derivative"]
        batched = derivative == "batch jacobian"
        n = int(np.prod(inputs[0][0][1 if batched else 0 :]))
        m = int(np.prod(described["shape"][1 if batched else 0 :]))
        forward = n < m // n
        way = "jacfwd" if forward else "jacrev"
        jacobian = jax.jacfwd(f) if forward else jax.jacrev(f)
        if derivative == "jacobian":
            compute = jacobian
        elif batched:
            compute = jax.vmap(jacobian)
        elif derivative == "hessian":
            compute, way = jax.hessian(f), "hessian"
        elif derivative == "diagonal":
            compute, way = lambda x: jax.jvp(f, (x,), (jnp.ones_like(x),))[1], "jvp"
        else:
            compute, way = lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1], "jvp of grad"
        jitted = jax.jit(compute)

        def run():
            return np.asarray(jitted(*[host(given) for given in inputs]))

        return run, way
