import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** A stream that owns the read end of a pipe. */
export function readPipe(fd: number): Readable {
  return new Socket({ fd, readable: true, writable: false });
}

/** All that a stream has, once it has closed: an error ends it as its end does. */
export function readToClose(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("error", () => undefined)
      .once("close", () => resolve(Buffer.concat(chunks)));
  });
}

/** A stream that owns the write end of a pipe. A reader that left early is no error of the writer's. */
export function writePipe(fd: number): Writable {
  return ignoreClosedReader(new Socket({ fd, readable: false, writable: true }));
}

/** The step may end without reading all of its input: then EPIPE says nothing that its exit status does not. */
export function ignoreClosedReader<Stream extends Writable>(stream: Stream): Stream {
  return stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "ECONNRESET") stream.destroy(error);
  });
}
