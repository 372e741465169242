using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>A result of a command could not be written.</summary>
public sealed class OutputException : IOException
{
    internal OutputException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// Writes to an inherited descriptor (write(2)). A file stream would keep a position of its own, so that what a shell's next command
/// appends to the same file would overwrite its output; a console stream hides that a pipe is closed.
/// </summary>
/// <param name="descriptor">The descriptor, which is left open.</param>
/// <param name="ignoresFaults">Whether output that can't be written is dropped; otherwise <see cref="OutputException"/> is thrown.</param>
internal sealed partial class DescriptorStream(int descriptor, bool ignoresFaults = false) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        const int interrupted = 4;
        const int tryAgain = 11;
        while (!buffer.IsEmpty)
        {
            var written = WriteTo(descriptor, in MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == tryAgain)
                WaitUntilWritable();
            else if (error != interrupted && ignoresFaults)
                return;
            else if (error != interrupted)
                throw new OutputException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // Another process that shares the descriptor may have made it non-blocking.
    private void WaitUntilWritable()
    {
        const short writable = 4;
        const int forEver = -1;
        var wait = new PollEntry { Descriptor = descriptor, Events = writable };
        _ = Poll(ref wait, 1, forEver);
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int descriptor, ref readonly byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entry, nuint count, int timeout);

    /// <summary>struct pollfd.</summary>
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
