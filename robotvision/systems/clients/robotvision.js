/* robotvision: a recogniser in Node.js, started and asked by robotvision (wire protocol 1).
 *
 *   const { open } = require("./robotvision.js");
 *   for (const frame of open({ channels: ["rgb"] }))
 *     frame.answer("Kitchen", { confidence: 0.9 });
 *
 * frame.images.rgb = { dtype, shape, data }: data is a Uint8Array, Uint16Array or Float32Array in
 * row order; colour is RGB, depth millimetres (0 = no reading), points metres. It is valid until
 * the next frame: copy what is to be kept. No dependencies; one file; copy it beside your program.
 * console.log goes to the program's log. Try it: robotvision test-system -- node my_program.js
 */
"use strict";

const fs = require("fs");

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };
const PREFIX = "@rv1 ";
const NEWLINE = 10;

/* Wait a millisecond without giving up the thread: a pipe that has nothing yet. */
function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function again(call) {
  for (;;) {
    try {
      return call();
    } catch (e) {
      if (e.code === "EOF") return 0;
      if (e.code !== "EAGAIN") throw e;
      pause();
    }
  }
}

class Frame {
  constructor(client, message, images, isFirst) {
    this.index = message.index;
    this.timestampNs = message.timestamp_ns;
    this.deadlineNs = message.deadline_ns;
    this.isFirst = isFirst;
    this.images = images;
    this.isAnswered = false;
    this._client = client;
    this._sequence = message.sequence;
  }

  /* room: a label of the task, or null; more: { confidence, objects: {name: bool}, stages_ns, fault } */
  answer(room, more = {}) {
    if (this.isAnswered) throw new Error(`frame ${this.index} has been answered already`);
    this.isAnswered = true;
    const message = { type: "answer", index: this.index, sequence: this._sequence, room };
    this._client.send({ ...message, ...more });
  }
}

class Client {
  constructor({ channels, name, transport } = {}) {
    process.stdout.write = process.stderr.write.bind(process.stderr);
    this._line = Buffer.alloc(1 << 16);
    this._have = 0; /* bytes in _line that were read and not yet used */
    this._pixels = Buffer.alloc(0);
    this.hello = this._receive();
    if (!this.hello || this.hello.type !== "hello") {
      console.error("this program is started by robotvision: robotvision test-system -- node ...");
      process.exit(2);
    }
    this.rooms = this.hello.task.rooms;
    this.unknown = this.hello.task.unknown;
    this.objects = this.hello.task.objects;
    this.mode = this.hello.mode;
    this.cameras = this.hello;
    this._transport = transport || this.hello.transports[0];
    this._ready = { type: "ready", version: 1, transport: this._transport };
    if (channels) this._ready.channels = channels;
    if (name) this._ready.name = name;
    this._shm = this._transport === "shm" ? fs.openSync(this.hello.shm.path, "r") : null;
  }

  *[Symbol.iterator]() {
    this.send(this._ready);
    let isFirst = true;
    for (let m = this._receive(); m && m.type !== "bye"; m = this._receive()) {
      if (m.type === "reset") {
        this.cameras = m;
        isFirst = true;
      } else if (m.type === "frame") {
        const frame = new Frame(this, m, this._images(m), isFirst);
        isFirst = false;
        yield frame;
        if (!frame.isAnswered) frame.answer(null);
      }
    }
  }

  send(message) {
    const data = Buffer.from("\n" + PREFIX + JSON.stringify(message) + "\n");
    for (let at = 0; at < data.length; ) at += again(() => fs.writeSync(1, data, at));
  }

  _receive() {
    for (;;) {
      const end = this._line.subarray(0, this._have).indexOf(NEWLINE);
      if (end >= 0) {
        const text = this._line.toString("utf8", 0, end);
        this._line.copy(this._line, 0, end + 1, this._have);
        this._have -= end + 1;
        if (text.startsWith(PREFIX)) return JSON.parse(text.slice(PREFIX.length));
        continue;
      }
      if (this._have === this._line.length) {
        this._line = Buffer.concat([this._line, Buffer.alloc(this._line.length)]);
      }
      const n = again(() => fs.readSync(0, this._line, this._have, this._line.length - this._have));
      if (n === 0) return null;
      this._have += n;
    }
  }

  /* Fill `data` with the bytes of pixels that follow a frame's line. */
  _raw(data) {
    let have = Math.min(this._have, data.length);
    this._line.copy(data, 0, 0, have);
    this._line.copy(this._line, 0, have, this._have);
    this._have -= have;
    while (have < data.length) {
      const n = again(() => fs.readSync(0, data, have, data.length - have));
      if (n === 0) throw new Error("robotvision went away in the middle of a frame");
      have += n;
    }
  }

  _images(message) {
    const places = Object.entries(message.images);
    let base = 0;
    if (this._pixels.length < message.bytes) {
      this._pixels = Buffer.from(new ArrayBuffer(message.bytes));
    }
    const pixels = this._pixels.subarray(0, message.bytes);
    if (this._transport === "pipe") {
      this._raw(pixels);
    } else {
      base = Math.min(...places.map(([, image]) => image.offset));
      for (let at = 0; at < pixels.length; ) {
        const n = fs.readSync(this._shm, pixels, at, pixels.length - at, base + at);
        if (n === 0) throw new Error("the shared memory is too short");
        at += n;
      }
    }
    const images = {};
    for (const [name, { dtype, shape, offset }] of places) {
      const n = shape.reduce((a, b) => a * b, 1);
      const data = new ARRAYS[dtype](pixels.buffer, pixels.byteOffset + offset - base, n);
      images[name] = { dtype, shape, data };
    }
    return images;
  }
}

module.exports = { Client, open: (options) => new Client(options) };
