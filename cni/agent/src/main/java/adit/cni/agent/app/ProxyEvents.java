package adit.cni.agent.app;

import adit.cni.agent.enroll.Enroller;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.zds.Answer;
import adit.cni.agent.zds.ZdsListener;

/// Passes on what happens on the proxies' connections.
///
/// @param enroller has pods that may wait for a proxy
/// @param reports says it
record ProxyEvents(Enroller enroller, Reports reports) implements ZdsListener {
  @Override
  public void connected(int peer, int connected) {
    reports.log().info("ztunnel connected", "pid", peer, "connected", connected);
    reports.proxies(connected);
    enroller.proxyCame();
  }

  @Override
  public void synced(int peer) {
    reports.log().info("ztunnel has the snapshot", "pid", peer);
  }

  @Override
  public void disconnected(int peer, String reason, int connected) {
    reports
        .log()
        .warn("ztunnel disconnected", "pid", peer, "reason", reason, "connected", connected);
    reports.proxies(connected);
  }

  @Override
  public void snapshotAnswer(String uid, Answer answer) {
    if (!(answer instanceof Answer.Accepted)) {
      reports
          .log()
          .warn("ztunnel did not take a pod of the snapshot", "uid", uid, "answer", answer);
    }
  }
}
