package adit.cni.agent.enroll;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The newest wishes, and a way to wait for the next. Any thread.
public final class CurrentWishes {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private Wishes wishes = Wishes.NONE;

  /// The newest.
  public Wishes get() {
    lock.lock();
    try {
      return wishes;
    } finally {
      lock.unlock();
    }
  }

  /// Replaces them.
  ///
  /// @return the former ones
  public Wishes replace(Wishes next) {
    lock.lock();
    try {
      Wishes former = wishes;
      wishes = next;
      changed.signalAll();
      return former;
    } finally {
      lock.unlock();
    }
  }

  /// Waits until a pod is known, in the mesh or not.
  ///
  /// @param uid its UID, or empty
  /// @return the newest wishes, whether it is known or not
  Wishes awaitPod(String namespace, String name, String uid, Duration limit)
      throws InterruptedException {
    long left = limit.toNanos();
    lock.lock();
    try {
      while (left > 0 && !knows(wishes, namespace, name, uid)) {
        left = changed.awaitNanos(left);
      }
      return wishes;
    } finally {
      lock.unlock();
    }
  }

  private static boolean knows(Wishes wishes, String namespace, String name, String uid) {
    return wishes.memberOrNull(namespace, name, uid) != null
        || wishes.outsiderOrNull(namespace, name, uid) != null;
  }
}
