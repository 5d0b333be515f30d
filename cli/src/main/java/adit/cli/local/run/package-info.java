/// What local mode does to the machine: processes, pod networks, probes, files. Everything is
/// undone by [Leftovers][adit.cli.local.run.Leftovers], also after a crash.
@NullMarked
package adit.cli.local.run;

import org.jspecify.annotations.NullMarked;
