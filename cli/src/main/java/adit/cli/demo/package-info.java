/// `adit demo`: the user's story, measured.
@NullMarked
package adit.cli.demo;

import org.jspecify.annotations.NullMarked;
