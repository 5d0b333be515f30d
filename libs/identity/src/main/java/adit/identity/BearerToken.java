package adit.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The token that proves a program to the control plane. Read again for each request, because the
/// kubelet replaces it, and trimmed, because a line feed at its end would make every call fail.
public final class BearerToken {
  private static final long MAX_BYTES = 64 << 10;

  private final @Nullable String fileOrToken;

  private BearerToken(@Nullable String fileOrToken) {
    this.fileOrToken = fileOrToken;
  }

  /// @param fileOrToken a path, or the token itself if no such file is there when it is needed
  ///   (`AUTH_TOKEN`); null for none
  public static BearerToken of(@Nullable String fileOrToken) {
    return new BearerToken(fileOrToken);
  }

  /// The token now, or null if there is none.
  ///
  /// @throws IOException if the file cannot be read; the message names it
  public @Nullable String read() throws IOException {
    if (fileOrToken == null || fileOrToken.isEmpty()) {
      return null;
    }
    Path file = pathOrNull(fileOrToken);
    if (file != null && Files.exists(file)) {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException("token file " + file + ": over 64 KiB (expected: one token)");
      }
      String token = Files.readString(file).strip();
      if (token.isEmpty()) {
        throw new IOException("token file " + file + ": empty (expected: one token)");
      }
      return token;
    }
    if (fileOrToken.startsWith("/") || fileOrToken.startsWith("./")) {
      throw new IOException("token file " + fileOrToken + ": missing");
    }
    return fileOrToken.strip();
  }

  private static @Nullable Path pathOrNull(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException _) {
      return null;
    }
  }
}
