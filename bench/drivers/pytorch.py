# PyTorch with Hugging Face transformers as a contestant: eager, fused attention.
import torch
from torch.ao.quantization import quantize_dynamic
from transformers import AlbertModel

from drivers.protocol import serve


class Engine:
    def load(self, directory, threads, dtype, bf16=None):
        """bf16: "weights" are rounded, or "autocast" chooses what is computed in bfloat16."""
        torch.set_num_threads(threads)
        arithmetic = torch.bfloat16 if bf16 == "weights" else torch.float32
        self.autocast = bf16 == "autocast"
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
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            output = self.model(**inputs)
        return output.last_hidden_state.float().numpy(), output.pooler_output.float().numpy()


if __name__ == "__main__":
    serve(Engine())
