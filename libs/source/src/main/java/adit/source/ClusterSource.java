package adit.source;

import java.util.function.Consumer;

/// Where the objects of a cluster come from.
public interface ClusterSource extends AutoCloseable {
  /// The newest view. Any thread. [ClusterView#EMPTY] until the first complete one is there.
  ClusterView current();

  /// Whether everything has been read once. Never becomes false again.
  boolean complete();

  /// Hands the newest view, if complete, and every later one to `subscriber`: one at a time and in
  /// order. The first call may come on the caller's thread, the others come on the source's own.
  /// The subscriber must be quick and must not throw.
  void subscribe(Consumer<ClusterView> subscriber);

  /// Stops watching. No subscriber is called afterwards.
  @Override
  void close();
}
