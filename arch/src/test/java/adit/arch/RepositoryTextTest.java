package adit.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What no file of the repository may say.
final class RepositoryTextTest {
  private static final Path TOP = top();
  private static final List<Pattern> FORBIDDEN =
      List.of(
          // Registry hosts: a build takes its mirrors from the machine that it runs on.
          Pattern.compile(
              "repo1?\\.maven\\.(org|apache)|registry\\.npm" + "js|proxy\\.gol" + "ang"),
          // Where one machine keeps its files.
          Pattern.compile("/wor" + "k/(main|shared)|/opt/re" + "f/"));

  @Test
  void files_nameNoRegistryAndNoMachinePath() throws IOException {
    try (Stream<Path> files = Files.walk(TOP)) {
      assertThat(
              files
                  .filter(Files::isRegularFile)
                  .filter(
                      file -> !TOP.relativize(file).toString().matches("(.*/)?(target|\\.git)/.*"))
                  .filter(HouseText::isText)
                  .flatMap(RepositoryTextTest::violations))
          .isEmpty();
    }
  }

  private static Stream<String> violations(Path file) {
    String text = HouseText.read(file);
    return FORBIDDEN.stream()
        .filter(pattern -> pattern.matcher(text).find())
        .map(pattern -> TOP.relativize(file) + ": " + pattern);
  }

  private static Path top() {
    return Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
        .takeWhile(path -> path != null)
        .filter(path ->
            Files.exists(path.resolve("adit")) && Files.exists(path.resolve("checkstyle.xml")))
        .findFirst()
        .orElseThrow();
  }

  private static final class HouseText {
    static boolean isText(Path file) {
      return file.toString()
          .matches(".*(\\.(java|md|xml|proto|yaml|yml|sh|options|config|json|svg)|/adit|/run)");
    }

    static String read(Path file) {
      try {
        return Files.readString(file);
      } catch (MalformedInputException e) {
        return "";
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
