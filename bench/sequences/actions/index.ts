/** All calls that a sequence is made of. Another one is a line in a file of this folder. */

import type { Actions } from "./action.js";
import { arithmetic } from "./arithmetic.js";
import { creation } from "./creation.js";
import { gradients } from "./gradients.js";
import { hosts } from "./hosts.js";
import { lifetimes } from "./lifetimes.js";
import { solvers } from "./solvers.js";
import { training } from "./training.js";

export const actions: Actions = {
  ...creation,
  ...arithmetic,
  ...gradients,
  ...lifetimes,
  ...hosts,
  ...solvers,
  ...training,
};
