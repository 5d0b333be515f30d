package adit.samples.bookshop;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/// Answers in the way that the request's path asks for, so that whoever stands between client and
/// shop can be watched at work. Safe for use by several threads.
///
/// - `/status/CODE` has that status
/// - `/delay/MILLIS` comes after that time, a minute at most
/// - `/failing/N` has status 503 the first of every N times
/// - `/served` tells how often each path was asked for; neither it nor `/healthz` counts
///
/// Everything else is the role's page.
final class OnDemand {
  private static final int LONGEST_MILLIS = 60_000;
  private static final int LEAST_STATUS = 200;
  private static final int MOST_STATUS = 599;
  private static final int MOST_PATHS = 64;

  private final Page page;
  private final Map<String, Integer> served = new TreeMap<>();

  OnDemand(Page page) {
    this.page = page;
  }

  /// @param status of HTTP
  /// @param text of the body
  record Answer(int status, String text) {}

  /// What a request gets. Takes as long as the path wants.
  ///
  /// @throws IOException the page could not be made
  Answer answer(String path) throws IOException, InterruptedException {
    if (path.equals("/served")) {
      return new Answer(200, counts());
    }
    int times = count(path);
    String[] words = path.split("/", -1);
    String wish = words.length == 3 ? words[1] : "";
    try {
      return switch (wish) {
        case "status" -> {
          int status = number(words[2], LEAST_STATUS, MOST_STATUS);
          yield new Answer(status, "{\"status\":" + status + "}");
        }
        case "delay" -> {
          Thread.sleep(number(words[2], 0, LONGEST_MILLIS));
          yield page();
        }
        case "failing" -> {
          int every = number(words[2], 1, Integer.MAX_VALUE);
          yield (times - 1) % every == 0 ? new Answer(503, "{\"failing\":" + times + "}") : page();
        }
        default -> page();
      };
    } catch (NumberFormatException e) {
      return new Answer(400, path + ": " + e.getMessage());
    }
  }

  private Answer page() throws IOException {
    return new Answer(200, page.render());
  }

  private static int number(String word, int least, int most) {
    String expected = "expected: a number from " + least + " to " + most;
    if (!word.matches("[0-9]{1,9}")) {
      throw new NumberFormatException(expected);
    }
    int number = Integer.parseInt(word);
    if (number < least || number > most) {
      throw new NumberFormatException(expected);
    }
    return number;
  }

  /// How often the path was asked for until now; those that are one too many share a count.
  private synchronized int count(String path) {
    String key = served.size() < MOST_PATHS || served.containsKey(path) ? path : "other";
    return served.merge(key, 1, Integer::sum);
  }

  private synchronized String counts() {
    StringBuilder json = new StringBuilder("{\"served\":{");
    String comma = "";
    for (Map.Entry<String, Integer> path : served.entrySet()) {
      json.append(comma).append(Counts.quoted(path.getKey())).append(':').append(path.getValue());
      comma = ",";
    }
    return json.append("}}").toString();
  }
}
