using Tunnel.Shared.Files;
using Tunnel.Shared.UnitTests.Hosting;

namespace Tunnel.Shared.UnitTests.Files;

public sealed class UnixFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-files-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_path_is_told_by_what_stands_there_and_who_may_write()
    {
        var file = At("file");
        File.WriteAllText(file, "");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.Equal(
            (UnixFileType.Regular, File.GetUnixFileMode(file), UnixFile.CurrentUser),
            UnixFile.At(file) is { } found ? (found.Type, found.Mode, found.Owner) : default);
        Assert.True(UnixFile.At(file)!.Value.OthersMayWrite);

        File.CreateSymbolicLink(At("link"), file);
        Assert.Equal(UnixFileType.Regular, UnixFile.At(At("link"))?.Type);
        Assert.Equal(UnixFileType.Link, UnixFile.At(At("link"), followLinks: false)?.Type);
        Assert.Equal(UnixFileType.CharacterDevice, UnixFile.At("/dev/null")?.Type);
        Assert.Null(UnixFile.At(At("none")));
        Assert.Null(UnixFile.At(Path.Combine(file, "below")));
        Assert.Throws<IOException>(() => UnixFile.At(At(new string('x', 300))));
    }

    [Fact]
    public void What_is_no_file_to_read_is_named()
    {
        UnixCommands.MakeFifo(At("fifo"));
        File.CreateSymbolicLink(At("dangling"), "nowhere");
        File.CreateSymbolicLink(At("pipe"), At("fifo"));
        Assert.Equal("is a FIFO, not a file", UnixFile.FaultOfFile(At("fifo")));
        Assert.Equal("is a link to nowhere, which does not exist", UnixFile.FaultOfFile(At("dangling")));
        Assert.Equal("is a directory, not a file", UnixFile.FaultOfFile(_directory.FullName));
        Assert.Equal("does not exist", UnixFile.FaultOfFile(At("none")));
        Assert.Equal("is a device, not a file", UnixFile.FaultOfFile("/dev/zero"));
        // A shell's <(…) is such a file.
        Assert.Null(UnixFile.FaultOfFile(At("pipe")));
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
