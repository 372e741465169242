using System.IO.Pipes;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class DescriptorStreamTests
{
    [Fact]
    public void A_full_disk_and_a_closed_pipe_are_errors_unless_they_shall_not_be()
    {
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        Assert.Throws<OutputException>(() => Of(full).Write([1]));
        Of(full, ignoresFaults: true).Write([1]);

        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        pipe.ClientSafePipeHandle.Dispose();
        Assert.Throws<OutputException>(() => Of(pipe.SafePipeHandle).Write([1]));
        Of(pipe.SafePipeHandle, ignoresFaults: true).Write([1]);
    }

    [Fact]
    public void What_is_written_goes_behind_what_is_there()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
            {
                // Two commands of a shell share a descriptor in this way.
                Of(file).Write("one "u8);
                Of(file).Write("two"u8);
            }

            Assert.Equal("one two", File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static DescriptorStream Of(System.Runtime.InteropServices.SafeHandle handle, bool ignoresFaults = false) =>
        new((int)handle.DangerousGetHandle(), ignoresFaults);
}
