# PyTorch with Hugging Face transformers as a contestant in training: updates by AdamW.
import time

import torch
from transformers import AlbertForPreTraining

from drivers.protocol import answer


class Host:
    def load(self, directory, threads, bf16=False):
        torch.set_num_threads(threads)
        self.autocast = bf16
        self.model = AlbertForPreTraining.from_pretrained(directory, attn_implementation="sdpa")
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01)

    def prepare(self, batch):
        self.batch = {name: torch.tensor(rows) for name, rows in batch.items()}

    def differentiate(self):
        """The loss; its gradient, clipped to norm 1; the norm before."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            loss = self.model(**self.batch).loss
        loss.backward()
        return loss, torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)

    def first(self):
        """Loss and gradient norm of the weights as loaded, without dropout."""
        self.model.eval()
        loss, norm = self.differentiate()
        self.optimizer.zero_grad()
        self.model.train()
        return {"loss": loss.item(), "grad_norm": norm.item()}

    def update(self):
        self.differentiate()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def time(self, seconds):
        """Updates for some seconds, at least one behind a warm-up; milliseconds of each."""
        self.update()
        milliseconds = []
        end = time.perf_counter() + seconds
        while not milliseconds or time.perf_counter() < end:
            begin = time.perf_counter()
            self.update()
            milliseconds.append(1000 * (time.perf_counter() - begin))
        return {"milliseconds": milliseconds}


if __name__ == "__main__":
    answer(Host())
