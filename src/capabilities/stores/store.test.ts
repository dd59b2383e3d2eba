import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeSuite } from "../../../conformance/store.js";
import { openStore } from "./index.js";

storeSuite("SQLite and files", {
  async open(clock) {
    const folder = mkdtempSync(join(tmpdir(), "quern-store-测试-🌾-"));
    const store = await openStore(join(folder, ".quern"), { clock, create: true });
    return {
      store,
      reopen: () => openStore(join(folder, ".quern"), { clock, create: false }),
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});
