# PyTorch with Hugging Face transformers as a contestant: eager, fused attention.
import torch
from torch.ao.quantization import quantize_dynamic
from transformers import AlbertModel

from drivers.protocol import serve


class Engine:
    def load(self, directory, threads, dtype):
        torch.set_num_threads(threads)
        arithmetic = torch.bfloat16 if dtype == "bf16" else torch.float32
        self.model = AlbertModel.from_pretrained(
            directory, dtype=arithmetic, attn_implementation="sdpa"
        ).eval()
        if dtype == "int8":
            self.model = quantize_dynamic(self.model, {torch.nn.Linear}, torch.qint8)

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
