/// The steps of the demo: each changes the user's YAML or the machine, and measures what follows.
@NullMarked
package adit.cli.demo.step;

import org.jspecify.annotations.NullMarked;
