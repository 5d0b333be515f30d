package adit.scenarios;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// The programs as `adit run` starts them: from jars, which must hold the classes that were
/// compiled last. Maven's `test` alone leaves old ones.
final class BuiltPrograms {
  private static final String VERSION = "-1-SNAPSHOT.jar";
  private static final Path TOP =
      Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
          .takeWhile(path -> path != null)
          .filter(path -> Files.exists(path.resolve("checkstyle.xml")))
          .findFirst()
          .orElseThrow();

  private BuiltPrograms() {}

  /// The script that starts them.
  static Path script() {
    return TOP.resolve("adit");
  }

  /// Fails when a jar of ours that a module's program is started with is not what was compiled.
  static void check(String module) throws IOException {
    Path target = TOP.resolve(module).resolve("target");
    try (Stream<Path> libraries = Files.list(target.resolve("lib"));
        Stream<Path> own = Files.list(target)) {
      List<Path> jars =
          Stream.concat(libraries, own).filter(jar -> jar.toString().endsWith(VERSION)).toList();
      for (Path jar : jars) {
        check(jar);
      }
    }
  }

  private static void check(Path jar) throws IOException {
    String name = jar.getFileName().toString().replace(VERSION, "");
    Path classes =
        Stream.of(TOP.resolve(name), TOP.resolve("libs").resolve(name))
            .map(module -> module.resolve("target/classes"))
            .filter(Files::isDirectory)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no module of " + jar));
    try (ZipFile zip = new ZipFile(jar.toFile());
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        ZipEntry entry = zip.getEntry(classes.relativize(file).toString());
        CRC32 sum = new CRC32();
        sum.update(Files.readAllBytes(file));
        if (entry == null || entry.getCrc() != sum.getValue()) {
          throw new IllegalStateException(
              jar + ": older than " + file + " (expected: built; run Maven's `verify`)");
        }
      }
    }
  }
}
