package adit.cni.agent.app;

import adit.cni.agent.install.InstallListener;
import adit.cni.agent.observe.Reports;
import adit.telemetry.Readiness;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Says what happens to the installation; the agent is ready only while it is in place.
final class InstallEvents implements InstallListener {
  private static final String TASK = "plugin and network configuration";

  private final Reports reports;
  private final Readiness readiness;
  private Readiness.@Nullable Task missing;
  private String said = "";

  InstallEvents(Reports reports, Readiness readiness) {
    this.reports = reports;
    this.readiness = readiness;
    this.missing = readiness.pending(TASK);
  }

  @Override
  public void pluginInstalled(Path plugin) {
    reports.pluginInstalled(plugin);
  }

  @Override
  public void chained(Path file, boolean strife) {
    reports.chained(file, strife);
  }

  @Override
  public void inPlace(Path file) {
    said = "";
    reports.installed(true);
    if (missing != null) {
      missing.done();
      missing = null;
    }
  }

  @Override
  public void waiting(String reason) {
    notReady();
    if (!reason.equals(said)) {
      reports.log().warn("plugin not chained yet", "reason", reason);
      said = reason;
    }
  }

  @Override
  public void failed(String reason) {
    notReady();
    if (!reason.equals(said)) {
      reports.installFailed(reason);
      said = reason;
    }
  }

  private void notReady() {
    reports.installed(false);
    if (missing == null) {
      missing = readiness.pending(TASK);
    }
  }
}
