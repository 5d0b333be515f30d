package adit.linux;

import adit.linux.Syscalls.Call;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Pages of files (libraries, the archive of classes) that are mapped into this process.
///
/// A start reads most of them once, and around each page that is read the kernel maps its
/// neighbours. They then count as this process's memory, though what runs needs a fraction.
public final class FilePages {
  private static final long MADV_DONTNEED = 4;
  private static final Path MAPPINGS = Path.of("/proc/self/smaps");
  private static final Pattern HEAD =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (r-[-x]p) [0-9a-f]+ \\S+ [1-9]\\d* +/.*");

  /// A mapping of a file that this process cannot write to.
  private record Mapping(long start, long end) {}

  private FilePages() {}

  /// Unmaps the pages of all mappings that are read-only and as they are in their files (`proc(5)`:
  /// `Anonymous: 0 kB`); what is used again comes back from the page cache at the next access.
  ///
  /// @return bytes that were mapped and are given back
  public static long giveBack() throws IOException {
    long before = resident();
    for (Mapping mapping : unchanged()) {
      long result =
          Syscalls.raw(
              Call.MADVISE, mapping.start(), mapping.end() - mapping.start(), MADV_DONTNEED);
      Syscalls.checked(result, "give back the pages of a file");
    }
    return Math.max(0, before - resident());
  }

  private static List<Mapping> unchanged() throws IOException {
    List<Mapping> found = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(MAPPINGS, StandardCharsets.UTF_8)) {
      Mapping current = null;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (isHead(line)) {
          current = mappingOrNull(line);
        } else if (current != null && line.startsWith("Anonymous:")) {
          if (line.endsWith(" 0 kB")) {
            found.add(current);
          }
          current = null;
        }
      }
    }
    return found;
  }

  private static boolean isHead(String line) {
    return !line.isEmpty() && Character.digit(line.charAt(0), 16) >= 0 && line.indexOf('-') > 0;
  }

  private static @Nullable Mapping mappingOrNull(String line) {
    Matcher head = HEAD.matcher(line);
    return head.matches()
        ? new Mapping(
            Long.parseUnsignedLong(head.group(1), 16), Long.parseUnsignedLong(head.group(2), 16))
        : null;
  }

  /// Bytes of files that are mapped now (`RssFile` of `proc(5)`).
  public static long resident() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssFile:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status: no line RssFile (expected: that of proc(5))");
  }
}
