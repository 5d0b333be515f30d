package adit.cni.agent.fake;

import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.KubeObject;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// A cluster that a test changes object by object.
public final class FakeSource implements ClusterSource {
  private final Map<String, KubeObject> objects = new LinkedHashMap<>();
  private final List<Consumer<ClusterView>> subscribers = new ArrayList<>();
  private long version;
  private ClusterView view = ClusterView.EMPTY;

  /// Adds or replaces an object.
  public synchronized FakeSource put(KubeObject object) {
    objects.put(object.key().toString(), object);
    return publish();
  }

  /// Removes an object.
  public synchronized FakeSource remove(KubeObject object) {
    objects.remove(object.key().toString());
    return publish();
  }

  private FakeSource publish() {
    view = ClusterView.of(++version, new ArrayList<>(objects.values()));
    subscribers.forEach(subscriber -> subscriber.accept(view));
    return this;
  }

  @Override
  public synchronized ClusterView current() {
    return view;
  }

  @Override
  public boolean complete() {
    return true;
  }

  @Override
  public synchronized void subscribe(Consumer<ClusterView> subscriber) {
    subscribers.add(subscriber);
    subscriber.accept(view);
  }

  @Override
  public synchronized void close() {
    subscribers.clear();
  }

  /// A cluster of which nothing is ever heard.
  public static ClusterSource silent() {
    return new ClusterSource() {
      @Override
      public ClusterView current() {
        return ClusterView.EMPTY;
      }

      @Override
      public boolean complete() {
        return false;
      }

      @Override
      public void subscribe(Consumer<ClusterView> subscriber) {}

      @Override
      public void close() {}
    };
  }

  /// Metadata.
  public static ObjectMeta meta(
      String namespace,
      String name,
      String uid,
      Map<String, String> labels,
      Map<String, String> annotations) {
    return new ObjectMeta(
        namespace, name, uid, 1, labels, annotations, Instant.EPOCH, null, "", List.of());
  }

  /// A namespace.
  public static Namespace namespace(String name, Map<String, String> labels) {
    return new Namespace(meta("", name, "ns-" + name, labels, Map.of()));
  }

  /// A pod.
  public static Pod pod(ObjectMeta meta, String node, String phase, List<String> addresses) {
    return new Pod(
        meta,
        new Pod.Spec("sa-" + meta.name(), node, false, Map.of(), 30, List.of(), List.of()),
        new Pod.Status(phase, addresses, "", true));
  }
}
