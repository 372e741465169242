namespace Tunnel.PackageTests;

/// <summary>A control group with a memory limit, for a process and its children; none where this machine lets nobody make one.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private readonly string? _group;

    private MemoryLimit(string? group) => _group = group;

    public static async Task<MemoryLimit> OnAsync(int process, long bytes)
    {
        var (place, file) = Directory.Exists("/sys/fs/cgroup/memory") ? ("/sys/fs/cgroup/memory",
            "memory.limit_in_bytes") : ("/sys/fs/cgroup", "memory.max");
        var group = $"{place}/tunnel-test-{process}";
        try
        {
            Directory.CreateDirectory(group);
            await File.WriteAllTextAsync($"{group}/{file}", $"{bytes}");
            await File.WriteAllTextAsync($"{group}/cgroup.procs", $"{process}");
            foreach (var child in (await File.ReadAllTextAsync($"/proc/{process}/task/{process}/children")).Split(
                ' ', StringSplitOptions.RemoveEmptyEntries))
            {
                await File.WriteAllTextAsync($"{group}/cgroup.procs", child);
            }

            return new MemoryLimit(group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new MemoryLimit(Directory.Exists(group) ? group : null);
        }
    }

    public void Dispose()
    {
        try
        {
            if (_group is not null)
                Directory.Delete(_group);
        }
        catch (IOException)
        {
            // A process is still in the group, because the test failed before it could end it.
        }
    }
}
