// A text in progress: the prompt that was read, what was written after it, and what comes next.
import { Random } from "../shared/random.js";
import { distribution, logits, pick, read, startStates, unpack } from "./language_model.js";

const STREAM = 7;

export class Writing {
  // traits: vocabulary, layers, embedded, weights.
  constructor(traits) {
    this.model = unpack(traits);
  }

  knows(character) {
    return this.model.index.has(character);
  }

  // Reads the prompt from a state of zeros; its characters must be known.
  begin(prompt, seed, temperature) {
    this.random = new Random(seed, STREAM);
    this.text = "";
    this.states = startStates(this.model);
    for (const character of prompt) {
      this.states = read(this.model, this.states, this.model.index.get(character));
    }
    this.look(temperature);
  }

  // The distribution of the next character at a temperature.
  look(temperature) {
    this.probabilities = distribution(logits(this.model, this.states), temperature);
  }

  // Writes one character: a given one (by its number), or one drawn from the distribution.
  write(temperature, number = pick(this.probabilities, this.random.uniform())) {
    this.last = { character: this.model.characters[number], p: this.probabilities[number] };
    this.text += this.last.character;
    this.states = read(this.model, this.states, number);
    this.look(temperature);
  }
}
