// What the host gives to a kernel.

/** One iteration is done; `loss` is NaN without validation data. Boosting: called by worker 0 alone. */
@external("env", "report")
export declare function report(iteration: i32, loss: f64): void;

/** Copies bytes out of the shared memory and sends them to the host: part `part` of result `item`. */
@external("env", "publish")
export declare function publish(item: i32, part: i32, address: usize, bytes: i32): void;
