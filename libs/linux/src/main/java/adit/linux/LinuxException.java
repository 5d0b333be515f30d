package adit.linux;

import java.io.IOException;

/// A system call failed. The message says what was being done, and the error by name and in words:
/// `enter network namespace fd 17: EPERM, Operation not permitted`.
public final class LinuxException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Errno errno;

  LinuxException(String doing, int errno) {
    this(doing, Errno.of(errno));
  }

  private LinuxException(String doing, Errno errno) {
    super(doing + ": " + errno.name() + ", " + errno.text());
    this.errno = errno;
  }

  /// Why the kernel refused.
  public Errno errno() {
    return errno;
  }
}
