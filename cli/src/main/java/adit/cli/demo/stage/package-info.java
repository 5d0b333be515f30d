/// What the demo's steps work with: the running instance, programs in its pods, the wire between
/// its nodes, the user's YAML.
@NullMarked
package adit.cli.demo.stage;

import org.jspecify.annotations.NullMarked;
