package adit.samples.bookshop;

/// What a container says: one line at a time, on standard output.
@WritesToStandardOutput(
    "a container's log is its standard output, and the client's results are read from it")
final class Output {
  private Output() {}

  static void line(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
