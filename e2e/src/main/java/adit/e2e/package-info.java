/// The acceptance run: what a user does with a mesh on a cluster, one line for each journey.
@NullMarked
package adit.e2e;

import org.jspecify.annotations.NullMarked;
