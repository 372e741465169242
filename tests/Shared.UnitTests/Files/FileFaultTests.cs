using Tunnel.Shared.Files;
using Tunnel.Shared.UnitTests.Hosting;

namespace Tunnel.Shared.UnitTests.Files;

/// <summary>A file that can't be read is explained in words that say what to do.</summary>
public sealed class FileFaultTests : IDisposable
{
    // These are the exceptions of File.ReadAllText for a file that is another user's.
    private static readonly UnauthorizedAccessException Denied = new("Access to the path '/x' is denied.");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-fault-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_file_of_another_user_is_told_with_both_users()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "giving a file away needs root");
        var path = Path.Combine(_directory.FullName, "state");
        File.WriteAllText(path, "x");
        Assert.Equal("permission denied", FileFault.Of(Denied, path));

        UnixCommands.GiveTo(65532, path);
        Assert.Equal(
            "permission denied; it belongs to user 65532, and this program runs as root (sudo chown, or chmod)",
            FileFault.Of(Denied, path));
    }

    [Fact]
    public void A_disk_that_is_full_and_a_missing_file_are_told_apart()
    {
        var full = Assert.Throws<IOException>(() => File.WriteAllText("/dev/full", "x"));
        Assert.Equal("no space is left on its disk", FileFault.Of(full, "/dev/full"));
        Assert.Equal("it does not exist", FileFault.Of(new FileNotFoundException(), "/x"));
        Assert.Equal("The lock is held", FileFault.Of(new IOException("The lock is held."), "/x"));
    }
}
