/// The commands of local mode.
@NullMarked
package adit.cli.local;

import org.jspecify.annotations.NullMarked;
