# Writes the ONNX files of an ALBERT checkpoint: plain, fused by ONNX Runtime's optimizer, in int8.
import argparse
import os

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from safetensors.numpy import load_file
from transformers import AlbertConfig

LAYER = "encoder.albert_layer_groups.0.albert_layers.0"
OPSETS = [helper.make_opsetid("", 20)]
IR_VERSION = 10
LOWEST = numpy.float32(numpy.finfo(numpy.float32).min)


class Graph:
    """Nodes and constants as they are added; every constant is stored once."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.constants = {}

    def constant(self, name, value):
        if name not in self.constants:
            tensor = numpy_helper.from_array(numpy.asarray(value, order="C"), name)
            self.constants[name] = tensor
        return name

    def integers(self, *values):
        return self.constant("integers_" + "_".join(map(str, values)), numpy.array(values, "int64"))

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def matrix(self, name):
        """(inputs, outputs): the right side of a product."""
        return self.constant(f"{name}.T", self.weights[name].T)

    def op(self, kind, *inputs, **attributes):
        output = f"{kind}_{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def linear(self, x, name):
        return self.op("Add", self.product(x, f"{name}.weight"), self.weight(f"{name}.bias"))

    def product(self, x, name):
        return self.op("MatMul", x, self.matrix(name))

    def norm(self, x, name, epsilon):
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)


class QuantizedGraph(Graph):
    """Matrices as int8 with a scale for each output: what OpenVINO keeps compressed."""

    def matrix(self, name):
        weight = self.weights[name].T
        scale = (numpy.abs(weight).max(axis=0) / 127).astype(numpy.float32)
        rounded = numpy.round(weight / scale).clip(-127, 127).astype(numpy.int8)
        steps = self.constant(f"{name}.scale", scale)
        return self.op("DequantizeLinear", self.constant(f"{name}.int8", rounded), steps, axis=1)


class PlainLayer:
    """The shared layer in standard operators."""

    def __init__(self, graph, config):
        self.graph, self.config = graph, config
        self.epsilon = config.layer_norm_eps

    def mask(self):
        """(B, 1, 1, S): 0 where there is a token, else the lowest number."""
        g = self.graph
        counted = g.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        empty = g.op("Sub", g.constant("one", numpy.float32(1)), counted)
        lowest = g.op("Mul", empty, g.constant("lowest", LOWEST))
        return g.op("Unsqueeze", lowest, g.integers(1, 2))

    def heads(self, x, name, order):
        g, size = self.graph, self.config.hidden_size // self.config.num_attention_heads
        shape = g.integers(0, 0, self.config.num_attention_heads, size)
        split = g.op("Reshape", g.linear(x, f"{LAYER}.attention.{name}"), shape)
        return g.op("Transpose", split, perm=order)

    def attention(self, x, mask):
        g = self.graph
        size = self.config.hidden_size // self.config.num_attention_heads
        scores = g.op("MatMul", self.heads(x, "query", [0, 2, 1, 3]),
                      self.heads(x, "key", [0, 2, 3, 1]))
        scaled = g.op("Div", scores, g.constant("root_size", numpy.float32(size**0.5)))
        probabilities = g.op("Softmax", g.op("Add", scaled, mask), axis=-1)
        context = g.op("MatMul", probabilities, self.heads(x, "value", [0, 2, 1, 3]))
        rows = g.op("Transpose", context, perm=[0, 2, 1, 3])
        return g.op("Reshape", rows, g.integers(0, 0, self.config.hidden_size))

    def gelu(self, x):
        return self.graph.op("Gelu", x, approximate="tanh")

    def __call__(self, x, mask):
        g = self.graph
        attended = g.linear(self.attention(x, mask), f"{LAYER}.attention.dense")
        middle = g.norm(g.op("Add", attended, x), f"{LAYER}.attention.LayerNorm", self.epsilon)
        inner = self.gelu(g.linear(middle, f"{LAYER}.ffn"))
        outer = g.linear(inner, f"{LAYER}.ffn_output")
        return g.norm(g.op("Add", outer, middle), f"{LAYER}.full_layer_layer_norm", self.epsilon)


class TracedLayer(PlainLayer):
    """The same mathematics as PyTorch's exporter writes it: what ONNX Runtime's optimizer knows."""

    def mask(self):
        g = self.graph
        spread = g.op("Unsqueeze", "attention_mask", g.integers(1))
        counted = g.op("Cast", g.op("Unsqueeze", spread, g.integers(2)), to=TensorProto.FLOAT)
        empty = g.op("Sub", g.constant("one", numpy.float32(1)), counted)
        return g.op("Mul", empty, g.constant("lowest", LOWEST))

    def gelu(self, x):
        g = self.graph

        def number(name, value):
            return g.constant(name, numpy.float32(value))

        cubic = g.op("Mul", g.op("Pow", x, number("three", 3)), number("cubic", 0.044715))
        scaled = g.op("Mul", g.op("Add", x, cubic), number("root", (2 / numpy.pi) ** 0.5))
        share = g.op("Add", g.op("Tanh", scaled), number("one", 1))
        return g.op("Mul", g.op("Mul", x, number("half", 0.5)), share)


def embeddings(g, config):
    words = g.op("Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids")
    kinds = g.op("Gather", g.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    width = g.op("Gather", g.op("Shape", "input_ids"), g.integers(1))
    places = g.op("Slice", g.weight("embeddings.position_embeddings.weight"), g.integers(0), width,
                  g.integers(0))
    total = g.op("Add", g.op("Add", words, kinds), places)
    normal = g.norm(total, "embeddings.LayerNorm", config.layer_norm_eps)
    return g.linear(normal, "encoder.embedding_hidden_mapping_in")


def build(weights, config, graph_type, layer_type):
    g = graph_type(weights)
    layer = layer_type(g, config)
    mask = layer.mask()
    hidden = embeddings(g, config)
    for _ in range(config.num_hidden_layers):
        hidden = layer(hidden, mask)
    first = g.op("Gather", hidden, g.constant("first", numpy.int64(0)), axis=1)
    pooled = g.op("Tanh", g.linear(first, "pooler"))
    for source, name in ((hidden, "last_hidden_state"), (pooled, "pooler_output")):
        g.nodes.append(helper.make_node("Identity", [source], [name]))
    return model_of(g, config)


def model_of(g, config):
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    size = config.hidden_size
    shapes = {"last_hidden_state": ["batch", "sequence", size], "pooler_output": ["batch", size]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
               for name, shape in shapes.items()]
    graph = helper.make_graph(g.nodes, "albert", inputs, outputs, list(g.constants.values()))
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)


def fuse(source, target, config):
    """What ONNX Runtime's optimizer makes of it; a pattern that it missed is an error."""
    options = {"num_heads": config.num_attention_heads, "hidden_size": config.hidden_size}
    fused = optimizer.optimize_model(source, "bert", opt_level=0, **options)
    counts = fused.get_fused_operator_statistics()
    for kind in ("Attention", "FastGelu"):
        if counts[kind] != config.num_hidden_layers:
            raise ValueError(f"{kind}: the optimizer fused {counts[kind]} layers: {counts}")
    fused.remove_duplicated_initializer({})  # it joins query, key and value once for each layer
    fused.save_model_to_file(target)


def quantize(source, target, weight_type):
    """Activations unsigned, per tensor, as they come; weights signed or unsigned, per output."""
    with open("/proc/cpuinfo", encoding="utf8") as file:
        has_vnni = "vnni" in file.read()
    # Without VNNI, pairs of products saturate in 16 bits, unless signed weights have 7 bits.
    reduce_range = weight_type == QuantType.QInt8 and not has_vnni
    quantize_dynamic(source, target, per_channel=True, reduce_range=reduce_range,
                     weight_type=weight_type, op_types_to_quantize=["MatMul", "Attention"],
                     extra_options={"DefaultTensorType": TensorProto.FLOAT})


def export(directory, folder):
    config = AlbertConfig.from_pretrained(directory)
    weights = load_file(os.path.join(directory, "model.safetensors"))

    def place(name):
        return os.path.join(folder, f"{name}.onnx")

    models = {"model": (Graph, PlainLayer), "model_traced": (Graph, TracedLayer),
              "model_weights_int8": (QuantizedGraph, PlainLayer)}
    for name, kinds in models.items():
        onnx.save(build(weights, config, *kinds), place(name))
    fuse(place("model_traced"), place("model_fused"), config)
    os.remove(place("model_traced"))
    # The ending is the one that transformers.js gives to the dtype q8.
    for name, weight_type in (("u8s8", QuantType.QInt8), ("u8u8", QuantType.QUInt8)):
        quantize(place("model_fused"), place(f"model_{name}_quantized"), weight_type)


def main():
    parser = argparse.ArgumentParser(description="Writes TARGET/*.onnx from the config.json and "
                                     "model.safetensors of an AlbertModel in DIRECTORY.")
    parser.add_argument("directory")
    parser.add_argument("target")
    arguments = parser.parse_args()
    os.makedirs(arguments.target, exist_ok=True)
    export(arguments.directory, arguments.target)


if __name__ == "__main__":
    main()
