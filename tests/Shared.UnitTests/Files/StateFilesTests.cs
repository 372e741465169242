using Tunnel.Shared.Files;
using Tunnel.Shared.UnitTests.Hosting;

namespace Tunnel.Shared.UnitTests.Files;

public sealed class StateFilesTests : IDisposable
{
    private const uint Somebody = 12345;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-state-");
    private readonly StateFiles _files = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Files_and_directories_are_their_owners_alone()
    {
        var directory = At("state");
        _files.MakeDirectory(directory);
        _files.WriteAndFlush(Path.Combine(directory, "a"), [1, 2]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(directory, "a")));
    }

    [Fact]
    public void What_a_crash_left_behind_is_overwritten_with_tight_rights()
    {
        File.WriteAllText(At("a"), "much longer than what comes now");
        _files.WriteAndFlush(At("a"), [7]);
        Assert.Equal([7], _files.Read(At("a")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("a")));
    }

    [Fact]
    public void What_root_writes_belongs_to_the_directorys_owner()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        File.WriteAllText(At("a"), "root's, from an earlier mistake");
        UnixCommands.GiveTo(Somebody, _directory.FullName);

        _files.Replace(At("a"), [1]);
        Assert.Equal(Somebody, UnixFile.At(At("a"))!.Value.Owner);
        Assert.Equal([1], _files.Read(At("a")));
    }

    [Fact]
    public void A_directory_can_be_flushed_and_a_missing_one_is_an_error()
    {
        _files.FlushDirectory(_directory.FullName);
        Assert.Throws<IOException>(() => _files.FlushDirectory(At("missing")));
    }

    [Fact]
    public void A_missing_file_is_no_error_and_what_is_of_another_type_is_named()
    {
        Assert.Null(_files.Read(At("missing")));
        File.WriteAllText(At("file"), "");
        Assert.Contains(
            "is a directory, not a file", Assert.Throws<IOException>(() => _files.Read(_directory.FullName)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "is a file, not a directory", Assert.Throws<IOException>(() => _files.MakeDirectory(At("file"))).Message,
            StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
