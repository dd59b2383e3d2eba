// What the host gives to a kernel: called by worker 0 alone.

/** One iteration is done; `loss` is NaN without validation data. */
@external("env", "report")
export declare function report(iteration: i32, loss: f64): void;
