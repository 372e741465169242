using System.Buffers.Binary;
using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace Tunnel.FuzzTests.Engine;

/// <summary>
/// Keeps the input that is being run in a file, which outlives a process that dies of it. The file is mapped into memory, so that keeping
/// an input costs a copy and no system call.
/// </summary>
internal sealed unsafe class LastInput : IDisposable
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _bytes;
    private readonly int _capacity;

    public LastInput(string folder, FuzzTarget target)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, $"{target.Name}.{Environment.ProcessId}");
        _capacity = sizeof(int) + target.MaxLength;
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Create, null, _capacity);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
    }

    /// <summary>Returns the inputs in the middle of which processes died or were killed.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="isAlive">Whether there is a process of this number: its input is not done yet.</param>
    public static IEnumerable<(string Target, byte[] Input)> Left(string folder, Func<int, bool> isAlive)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var path in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            if (!int.TryParse(
                Path.GetExtension(path.AsSpan()).TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture,
                out var process) || isAlive(process))
            {
                continue;
            }

            var content = File.ReadAllBytes(path);
            File.Delete(path);
            if (content.Length < sizeof(int))
                continue;
            var length = BinaryPrimitives.ReadInt32LittleEndian(content);
            yield return (Path.GetFileNameWithoutExtension(path), content[sizeof(int)..(sizeof(int) + length)]);
        }
    }

    public void Set(ReadOnlySpan<byte> input)
    {
        if (input.Length > _capacity - sizeof(int))
            return;
        input.CopyTo(new Span<byte>(_bytes + sizeof(int), input.Length));
        *(int*)_bytes = input.Length;
    }

    public ReadOnlySpan<byte> Get() => new(_bytes + sizeof(int), *(int*)_bytes);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }
}
