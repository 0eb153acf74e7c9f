# OpenVINO as a contestant: the plain graph, compiled for latency or for throughput.
import os

import openvino
from openvino import properties
from openvino.properties import hint

from drivers.protocol import serve

ARITHMETIC = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16, "int8": openvino.Type.f32}
GRAPHS = {"fp32": "model", "bf16": "model", "int8": "model_weights_int8"}


class Engine:
    def load(self, directory, threads, dtype, hint):
        core = openvino.Core()
        self.throughput = hint == "THROUGHPUT"
        graph = os.path.join(directory, "onnx", f"{GRAPHS[dtype]}.onnx")
        self.compiled = core.compile_model(graph, "CPU", settings(threads, dtype, hint))
        if self.throughput:
            self.queue = openvino.AsyncInferQueue(self.compiled)
        else:
            self.request = self.compiled.create_infer_request()
        return self.note(dtype)

    def note(self, dtype):
        """What it really computes in, where that is not what was asked for."""
        found = self.compiled.get_property(hint.inference_precision())
        if found == ARITHMETIC[dtype]:
            return {}
        return {"note": f"computes in {found.to_string()}: OpenVINO has no {dtype} here"}

    def prepare(self, inputs):
        return inputs

    def run_all(self, calls):
        return self.run_queued(calls) if self.throughput else [self.run(call) for call in calls]

    def run(self, inputs):
        return tuple(value.copy() for value in self.request.infer(inputs).values())

    def run_queued(self, calls):
        """All calls at once, on as many streams as OpenVINO chose."""
        outputs = [None] * len(calls)

        def keep(request, index):
            outputs[index] = tuple(value.data.copy() for value in request.output_tensors)

        self.queue.set_callback(keep)
        for index, inputs in enumerate(calls):
            self.queue.start_async(inputs, index)
        self.queue.wait_all()
        return outputs


def settings(threads, dtype, wish):
    # Activations in int8, too, where the processor has the instructions; elsewhere it is ignored.
    quantized = {hint.dynamic_quantization_group_size(): 32} if dtype == "int8" else {}
    return {
        **quantized,
        hint.performance_mode(): getattr(hint.PerformanceMode, wish),
        hint.inference_precision(): ARITHMETIC[dtype],
        properties.inference_num_threads(): threads,
    }


if __name__ == "__main__":
    serve(Engine())
