// This engine as a contestant in training: updates of ALBERT-base by AdamW.
import { AlbertForPreTraining, Trainer } from '../../dist/index.mjs';
import { answer } from './protocol.mjs';

const settings = { optimizer: 'adamw', learning_rate: 1e-4, weight_decay: 0.01, max_grad_norm: 1 };

class Host {
  #load;
  #batch;
  #trainer;

  load({ directory, threads, bf16 = false, recompute = false }) {
    this.#load = async (dropout) => {
      const model = await AlbertForPreTraining.from_pretrained(directory, { threads });
      return new Trainer(model, { ...settings, max_steps: 1e6, bf16, recompute, dropout });
    };
  }

  prepare({ batch }) {
    this.#batch = batch;
  }

  /** Loss and gradient norm of the weights as loaded, without dropout. */
  async first() {
    const trainer = await this.#load(false);
    const { loss, grad_norm } = await trainer.step(this.#batch);
    await trainer.dispose();
    await trainer.model.dispose(); // its weights would count in the memory of what follows
    return { loss, grad_norm };
  }

  /** Updates for some seconds, at least one behind a warm-up; milliseconds of each. */
  async time({ seconds }) {
    this.#trainer ??= await this.#load(true);
    await this.#trainer.step(this.#batch);
    const milliseconds = [];
    const end = performance.now() + 1000 * seconds;
    do {
      const begin = performance.now();
      await this.#trainer.step(this.#batch);
      milliseconds.push(performance.now() - begin);
    } while (performance.now() < end);
    return { milliseconds };
  }
}

await answer(new Host());
