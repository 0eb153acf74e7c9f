# PyTorch with Hugging Face transformers as a contestant: eager, fused attention.
import torch
from transformers import AlbertModel

from drivers.protocol import Unavailable, serve


class Engine:
    def load(self, directory, threads, dtype):
        if dtype == "int8":
            raise Unavailable("its dynamic quantization is no longer maintained")
        torch.set_num_threads(threads)
        arithmetic = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
        self.model = AlbertModel.from_pretrained(
            directory, dtype=arithmetic, attn_implementation="sdpa"
        ).eval()

    def prepare(self, inputs):
        return {name: torch.from_numpy(value) for name, value in inputs.items()}

    def run_all(self, calls):
        return [self.run(inputs) for inputs in calls]

    @torch.inference_mode()
    def run(self, inputs):
        output = self.model(**inputs)
        return output.last_hidden_state.float().numpy(), output.pooler_output.float().numpy()


if __name__ == "__main__":
    serve(Engine())
