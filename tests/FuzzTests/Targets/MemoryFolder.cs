namespace Tunnel.FuzzTests.Targets;

/// <summary>Makes files for code that reads files only, in memory where the machine allows it.</summary>
internal static class MemoryFolder
{
    private static readonly string Base = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
    private static readonly string Own = Make(Path.Combine(Base, $"tunnel-fuzz-{Environment.ProcessId}"));

    private static int _last;

    /// <summary>Makes a new folder, which is gone when the process has ended.</summary>
    public static string Create() => Directory.CreateDirectory(
        Path.Combine(Own, Interlocked.Increment(ref _last).ToString(System.Globalization.CultureInfo.InvariantCulture))).FullName;

    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        RandomAccess.SetLength(file, content.Length);
        RandomAccess.Write(file, content, 0);
    }

    private static string Make(string path)
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return Directory.CreateDirectory(path).FullName;
    }
}
