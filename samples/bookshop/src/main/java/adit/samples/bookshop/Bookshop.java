package adit.samples.bookshop;

import java.util.Arrays;
import java.util.List;

/// Entry: `Bookshop web|details|reviews|ratings` serves until SIGTERM, `Bookshop client ...` calls.
public final class Bookshop {
  private static final String USAGE =
      """
      Expected one of:
        web | details | reviews | ratings        serve on PORT (8080): the page, /status/CODE, /delay/MILLIS,
                                                 /failing/N, /served; echo on FLOW_PORT (9090) after FLOW_PREFIX
        client wait                              do nothing until SIGTERM
        client get URL [--method M] [--header "NAME: VALUE"] [--times N]
                                                 one request, or N; exit code 0 if all were answered with 2xx
        client loop URL [--mode new|keepalive|open] [--rate R] [--seconds N] [--workers W] [--pause MS]
                        [--repeats N] [--until line]
        client flow HOST:PORT [--seconds N]      a connection that carries a byte each 200 ms
      """;

  private Bookshop() {}

  /// Runs one role to its end.
  public static void main(String[] arguments) throws Exception {
    List<String> words = words(arguments);
    String role = words.isEmpty() ? "" : words.getFirst();
    if (role.equals("client")) {
      System.exit(client(words.subList(1, words.size())));
    }
    Page page = Page.ofRoleOrNull(role, System.getenv());
    if (page == null) {
      System.exit(unknown(role.isEmpty() ? "no role" : role));
    } else {
      ShopServer.serve(role, page, System.getenv());
    }
  }

  /// Started as a file with an interpreter line, the kernel puts the file's path before the words.
  private static List<String> words(String[] arguments) {
    List<String> words = Arrays.asList(arguments);
    boolean interpreted = !words.isEmpty() && words.getFirst().endsWith("/bookshop");
    return interpreted ? words.subList(1, words.size()) : words;
  }

  private static int client(List<String> words) throws Exception {
    String verb = words.isEmpty() ? "" : words.getFirst();
    return switch (verb) {
      case "wait" -> {
        Output.line("waiting for SIGTERM");
        Thread.currentThread().join();
        yield 0;
      }
      case "get" -> OneRequest.run(Arguments.of(words));
      case "loop" -> RequestLoop.run(Arguments.of(words));
      case "flow" -> LongFlow.run(Arguments.of(words));
      default -> unknown("client " + verb);
    };
  }

  private static int unknown(String what) {
    Output.line("bookshop: " + what);
    Output.line(USAGE.strip());
    return 2;
  }
}
