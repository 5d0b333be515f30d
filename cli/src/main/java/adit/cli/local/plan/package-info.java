/// What local mode wants: pure functions from the user's objects and the pods that are there to
/// changes, addresses, rules and files.
@NullMarked
package adit.cli.local.plan;

import org.jspecify.annotations.NullMarked;
