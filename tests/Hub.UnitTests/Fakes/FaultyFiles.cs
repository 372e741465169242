using Tunnel.Shared.Files;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A disk that fails, or a process that is killed, before a given step.</summary>
internal sealed class FaultyFiles : IStateFiles
{
    private readonly StateFiles _real = new();

    /// <summary>The step that fails: write, rename or flush; null: none.</summary>
    public string? FailAt { get; set; }

    /// <summary>Whether nothing works after the failure any more, as after a kill.</summary>
    public bool Killed { get; set; }

    /// <summary>The exception of the next write, one that no disk would throw; null: none.</summary>
    public Exception? Fault { get; set; }

    public void MakeDirectory(string path) => _real.MakeDirectory(path);

    public byte[]? Read(string path) => _real.Read(path);

    public void WriteAndFlush(string path, byte[] content)
    {
        if (Fault is { } fault)
        {
            Fault = null;
            throw fault;
        }

        if (FailAt == "write")
        {
            // A full disk leaves a part of the file behind, too.
            File.WriteAllBytes(path, content[..(content.Length / 2)]);
        }

        Step("write");
        _real.WriteAndFlush(path, content);
    }

    public void Rename(string from, string to)
    {
        Step("rename");
        _real.Rename(from, to);
    }

    public void FlushDirectory(string path)
    {
        Step("flush");
        _real.FlushDirectory(path);
    }

    public void Delete(string path) => _real.Delete(path);

    private void Step(string step)
    {
        if (FailAt == step || (FailAt == "dead" && Killed))
        {
            FailAt = Killed ? "dead" : null;
            throw new IOException("No space left on device");
        }
    }
}
