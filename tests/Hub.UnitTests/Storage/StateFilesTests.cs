using Hub.UnitTests.Fakes;
using Tunnel.Hub.Storage;

namespace Hub.UnitTests.Storage;

[Collection(UmaskTests.Name)]
public sealed class StateFilesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StateFiles _files = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_and_directories_are_their_owners_alone()
    {
        var directory = _directory.File("state");
        _files.MakeDirectory(directory);
        _files.WriteAndFlush(Path.Combine(directory, "a"), [1, 2]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(directory, "a")));
    }

    [Fact]
    public void What_a_crash_left_behind_is_overwritten_with_tight_rights()
    {
        File.WriteAllText(_directory.File("a"), "much longer than what comes now");
        _files.WriteAndFlush(_directory.File("a"), [7]);
        Assert.Equal([7], _files.Read(_directory.File("a")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File("a")));
    }

    [Fact]
    public void A_directory_can_be_flushed_and_a_missing_one_is_an_error()
    {
        _files.FlushDirectory(_directory.Path);
        Assert.Throws<IOException>(() => _files.FlushDirectory(_directory.File("missing")));
    }

    [Fact]
    public void A_missing_file_is_no_error() => Assert.Null(_files.Read(_directory.File("missing")));
}
