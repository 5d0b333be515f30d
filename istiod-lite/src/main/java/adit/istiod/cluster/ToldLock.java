package adit.istiod.cluster;

import adit.telemetry.Log;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.Lock;
import java.net.HttpURLConnection;
import org.jspecify.annotations.Nullable;

/// A lock whose failures are said, once each; that another replica was quicker is none.
final class ToldLock implements Lock {
  private final Lock lock;
  private final Log log;
  private volatile int said;

  ToldLock(Lock lock, Log log) {
    this.lock = lock;
    this.log = log;
  }

  @Override
  public @Nullable LeaderElectionRecord get(KubernetesClient client) {
    try {
      LeaderElectionRecord record = lock.get(client);
      said = 0;
      return record;
    } catch (KubernetesClientException e) {
      throw told("read", e);
    }
  }

  @Override
  public void create(KubernetesClient client, LeaderElectionRecord record) {
    try {
      lock.create(client, record);
    } catch (KubernetesClientException e) {
      throw told("created", e);
    }
  }

  @Override
  public void update(KubernetesClient client, LeaderElectionRecord record) {
    try {
      lock.update(client, record);
    } catch (KubernetesClientException e) {
      throw told("renewed", e);
    }
  }

  private KubernetesClientException told(String what, KubernetesClientException e) {
    int code = e.getCode();
    if (code != HttpURLConnection.HTTP_CONFLICT && (said == 0 || said != code + 1)) {
      said = code + 1; // 0 is the code of an API server that does not answer
      log.warn("the lease cannot be " + what, "lease", lock.describe(), "error", e.getMessage());
    }
    return e;
  }

  @Override
  public String identity() {
    return lock.identity();
  }

  @Override
  public String describe() {
    return lock.describe();
  }
}
