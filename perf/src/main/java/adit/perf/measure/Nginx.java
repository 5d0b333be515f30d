package adit.perf.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// The server behind what is measured: a kilobyte for every request.
public final class Nginx {
  private Nginx() {}

  /// Writes a configuration, whose server has one process.
  ///
  /// @param directory for it and for the server's files
  /// @param listens each a port, or a port and the protocol as nginx names it
  /// @return the command
  public static String[] command(Path directory, String... listens) throws IOException {
    Path config = directory.resolve("nginx.conf");
    String servers =
        String.join(
            "\n",
            List.of(listens).stream()
                .map(listen ->
                    "server { listen "
                        + listen
                        + " backlog=4096; location / { return 200 \""
                        + "x".repeat(1024)
                        + "\"; } }")
                .toList());
    Files.writeString(
        config,
        String.format(
            Locale.ROOT,
            """
            worker_processes 1; daemon off; pid %s.pid; error_log /dev/null;
            events { worker_connections 4096; }
            http {
              access_log off; keepalive_requests 100000000;
              %s
            }
            """,
            config,
            servers));
    return new String[] {"nginx", "-c", config.toString()};
  }
}
