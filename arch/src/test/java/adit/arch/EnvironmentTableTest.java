package adit.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `docs/environment.md` lists every variable of ours that the programs and the script read.
final class EnvironmentTableTest {
  private static final Path TOP = top();
  private static final Pattern LITERAL = Pattern.compile("\"(ADIT_[A-Z_]+)\"");
  private static final Pattern OF_THE_SCRIPT =
      Pattern.compile("\\$\\{(ADIT_[A-Z_]+)|(ADIT_[A-Z_]+)=");
  private static final Pattern LISTED = Pattern.compile("`(ADIT_[A-Z_]+)`");

  @Test
  void table_listsWhatIsReadAndNothingElse() throws IOException {
    Set<String> read = new TreeSet<>();
    for (Path file : sources()) {
      find(LITERAL, Files.readString(file), read);
    }
    find(OF_THE_SCRIPT, Files.readString(TOP.resolve("adit")), read);

    Set<String> listed = new TreeSet<>();
    for (String line : Files.readAllLines(TOP.resolve("docs/environment.md"))) {
      if (line.startsWith("| `")) {
        find(LISTED, line.substring(0, line.indexOf('|', 1)), listed);
      }
    }

    assertThat(read).isNotEmpty();
    assertThat(listed).isEqualTo(read);
  }

  private static void find(Pattern pattern, String text, Set<String> into) {
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      into.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(TOP)) {
      return files
          .filter(file -> TOP.relativize(file).toString().matches(".*/src/main/.*\\.java"))
          .toList();
    }
  }

  private static Path top() {
    return Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
        .takeWhile(path -> path != null)
        .filter(path ->
            Files.exists(path.resolve("adit")) && Files.exists(path.resolve("checkstyle.xml")))
        .findFirst()
        .orElseThrow();
  }
}
