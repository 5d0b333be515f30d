/// A mesh on a Kubernetes cluster: install, upgrade, uninstall, check.
@NullMarked
package adit.cli.cluster;

import org.jspecify.annotations.NullMarked;
