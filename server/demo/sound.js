// The demo's sound: a pad of four chords, a bass note a chord and a few plucked notes that echo, sixteen slow beats
// long. It begins and ends in silence, so that a player's gap between two rounds is not heard.

export const RATE = 44_100;
export const SECONDS = 12;

const BEAT = SECONDS / 16;
const CHORDS = [
  [45, 57, 64, 67, 72], // A minor 7
  [41, 57, 60, 64, 69], // F major 7
  [48, 55, 64, 67, 71], // C major 7
  [43, 55, 62, 66, 71], // G major 7
];
/** [beat, note]: the melody leaves room. */
const PLUCKS = [[1, 76], [2.5, 79], [4, 72], [6.5, 77], [7, 76], [9, 79], [10.5, 83], [12, 74], [13.5, 78], [14, 71]];

/** The whole loop as interleaved 16-bit stereo. */
export function sound() {
  const left = new Float32Array(RATE * SECONDS);
  const right = new Float32Array(RATE * SECONDS);
  CHORDS.forEach((chord, place) => {
    chord.forEach((note, voice) => pad(left, right, note, place * 4 * BEAT, voice));
  });
  for (const [beat, note] of PLUCKS) pluck(left, right, note, beat * BEAT);
  return interleave(left, right);
}

const hertz = (note) => 440 * 2 ** ((note - 69) / 12);

/** Two slightly detuned voices with soft overtones, that swell and fade over a chord and a bit. */
function pad(left, right, note, start, voice) {
  const length = 5.2 * BEAT;
  const level = voice === 0 ? 0.13 : 0.06;
  for (const [side, detune] of [[left, 0.9985], [right, 1.0015]]) {
    const pitch = hertz(note) * detune;
    each(side, start, length, (time) => {
      const swell = Math.sin(Math.PI * (time / length)) ** 1.4;
      const turn = 2 * Math.PI * pitch * time + voice;
      const overtones = Math.sin(turn) + 0.32 * Math.sin(2 * turn) + 0.12 * Math.sin(3 * turn);
      return level * swell * overtones * (1 + 0.06 * Math.sin(2 * Math.PI * 0.66 * time + voice));
    });
  }
}

/** A struck note and three echoes that wander from side to side. */
function pluck(left, right, note, start) {
  for (let echo = 0; echo < 4; echo += 1) {
    const side = echo % 2 ? 0.75 : 0.25;
    const level = 0.1 * 0.5 ** echo;
    for (const [channel, share] of [[left, 1 - side], [right, side]]) {
      each(channel, start + echo * 0.75 * BEAT, 1.6, (time) => {
        const turn = 2 * Math.PI * hertz(note) * time;
        return share * level * Math.min(time * 220, 1) * Math.exp(-3.4 * time) * (Math.sin(turn) + 0.25 * Math.sin(2.005 * turn) * Math.exp(-6 * time));
      });
    }
  }
}

function each(channel, start, length, voice) {
  const first = Math.round(start * RATE);
  const last = Math.min(first + Math.round(length * RATE), channel.length);
  for (let sample = first; sample < last; sample += 1) channel[sample] += voice((sample - first) / RATE);
}

function interleave(left, right) {
  const bytes = new Int16Array(left.length * 2);
  for (let sample = 0; sample < left.length; sample += 1) {
    const time = sample / RATE;
    const edge = Math.min(1, time / 0.4, (SECONDS - time) / 1.2);
    bytes[2 * sample] = 32_767 * Math.tanh(1.15 * edge * left[sample]);
    bytes[2 * sample + 1] = 32_767 * Math.tanh(1.15 * edge * right[sample]);
  }
  return new Uint8Array(bytes.buffer);
}
