package adit.cni.agent.app;

import adit.cni.agent.install.InstallConfig;
import adit.cni.agent.install.InstallConfig.Style;
import adit.cni.agent.install.Mounted;
import adit.cni.agent.install.PluginEntry;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What the environment says about the installation on the node. With a directory of objects in
/// place of an API server (local mode) nothing is installed.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `ADIT_CNI_INSTALL` | `false` with `ADIT_SOURCE_DIR`, else `true` | whether anything is installed |
/// | `CNI_BIN_DIR`, `MOUNTED_CNI_BIN_DIR` | `/opt/cni/bin`, `/host/opt/cni/bin` | plugins: on the node, and as the agent sees it |
/// | `CNI_NET_DIR`, `MOUNTED_CNI_NET_DIR` | `/etc/cni/net.d`, `/host/etc/cni/net.d` | network configurations, likewise |
/// | `CHAINED_CNI_PLUGIN` | `true` | append to the node's configuration; else write one of its own for another chainer |
/// | `CNI_CONF_NAME` | the first | the configuration to append to, or the name of the own one |
/// | `ISTIO_OWNED_CNI_CONFIG` | `false` | leave the node's configuration alone and write a copy with the entry, which comes first |
/// | `ISTIO_OWNED_CNI_CONFIG_FILENAME`, `ISTIO_OWNED_CNI_CONF_FILENAME` | `02-istio-cni.conflist` | its name |
/// | `AMBIENT_ENABLED` | `true` | false makes the plugin pass every pod on |
/// | `ADIT_PLUGIN_DIST` | `/opt/adit/cni` | the linked plugin of the image; linked at start when there is none |
final class InstallEnvironment {
  private InstallEnvironment() {}

  static @Nullable InstallConfig configOrNull(EnvironmentReader read) {
    if (!read.flag("ADIT_CNI_INSTALL", read.text("ADIT_SOURCE_DIR", "").isEmpty())) {
      return null;
    }
    Mounted plugins = mounted(read, "CNI_BIN_DIR", "/opt/cni/bin");
    boolean chained = read.flag("CHAINED_CNI_PLUGIN", true);
    boolean own = read.flag("ISTIO_OWNED_CNI_CONFIG", false);
    Style style = chained ? (own ? Style.OWN : Style.CHAINED) : Style.ALONE;
    String confName = read.text("CNI_CONF_NAME", "");
    return new InstallConfig(
        plugins,
        mounted(read, "CNI_NET_DIR", "/etc/cni/net.d"),
        style,
        confName,
        ownName(read, style, confName),
        Path.of(read.text("ADIT_PLUGIN_DIST", "/opt/adit/cni")),
        new PluginEntry(
            Path.of(read.text("CNI_AGENT_RUN_DIR", "/var/run/istio-cni")),
            InstallConfig.stateFile(plugins.onNode()),
            read.flag("AMBIENT_ENABLED", true),
            read.text("POD_NAMESPACE", "istio-system"),
            read.names("EXCLUDE_NAMESPACES", "kube-system")));
  }

  private static Mounted mounted(EnvironmentReader read, String name, String otherwise) {
    Path onNode = Path.of(read.text(name, otherwise));
    return new Mounted(Path.of(read.text("MOUNTED_" + name, "/host" + otherwise)), onNode);
  }

  private static String ownName(EnvironmentReader read, Style style, String confName) {
    if (style == Style.ALONE) {
      return confName.isEmpty() ? "YY-istio-cni.conf" : confName;
    }
    // The reference's chart writes one name and its program reads the other.
    String chart = read.text("ISTIO_OWNED_CNI_CONF_FILENAME", "02-istio-cni.conflist");
    String name = read.text("ISTIO_OWNED_CNI_CONFIG_FILENAME", chart);
    if (!name.matches("[A-Za-z0-9._-]{1,200}\\.conflist")) {
      throw new IllegalArgumentException(
          "ISTIO_OWNED_CNI_CONFIG_FILENAME: "
              + name
              + " (expected: a name that ends in .conflist)");
    }
    return name;
  }
}
