using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Control.Engine.Logs;

/// <summary>
/// Secrets compiled for searching (Aho and Corasick, "Efficient string matching", CACM 18/6, 1975): one pass over the text
/// however many secrets there are. Immutable and safe to share among maskers.
/// </summary>
public sealed class SecretSet
{
    /// <summary>Shortest value masked, in bytes. Shorter ones occur everywhere by chance, and masking them would ruin the log.</summary>
    public const int ShortestMasked = 4;

    /// <summary>Most bytes of all forms together: 4 MiB, which takes about 100 MiB of memory to search for.</summary>
    public const int LargestTotal = 4 * 1024 * 1024;

    private const int Root = 0;

    private readonly Node[] _nodes;
    private readonly int[] _fromRoot;
    private readonly SearchValues<byte> _starts;

    /// <summary>Compiles the values and the forms they show up in: lines, base64 and URL encodings.</summary>
    /// <exception cref="ArgumentException">The forms exceed <see cref="LargestTotal"/>.</exception>
    public SecretSet(IEnumerable<string> values)
        : this(values.SelectMany(SecretForms.Of))
    {
    }

    /// <summary>Compiles byte patterns as they are.</summary>
    internal SecretSet(IEnumerable<byte[]> forms)
    {
        List<Node> nodes = [default];
        var total = 0L;
        foreach (var form in forms)
        {
            total += form.Length;
            if (total > LargestTotal)
            {
                throw new ArgumentException("The secrets of this job are too large to be masked in its log. Use fewer or smaller ones.", nameof(forms));
            }

            Add(nodes, form);
        }

        _nodes = [.. nodes];
        _fromRoot = [.. Enumerable.Range(0, 256).Select(b => Child(Root, (byte)b))];
        _starts = SearchValues.Create([.. Enumerable.Range(0, 256).Where(b => _fromRoot[b] != Root).Select(b => (byte)b)]);
        LinkSuffixes();
    }

    /// <summary>Masks a text that is there as a whole, such as an error message.</summary>
    public string Mask(string text)
    {
        var output = new ArrayBufferWriter<byte>(text.Length + 16);
        var masker = new SecretMasker(this);
        masker.Write(Encoding.UTF8.GetBytes(text), output);
        masker.Flush(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The state before any text.</summary>
    internal static int Start => Root;

    /// <summary>Where a form may begin at the earliest in text read from the start state; -1 for nowhere.</summary>
    internal int NextStart(ReadOnlySpan<byte> text) => text.IndexOfAny(_starts);

    /// <summary>The state after one more byte.</summary>
    internal int Step(int state, byte next)
    {
        for (; state != Root; state = _nodes[state].Suffix)
        {
            var child = Child(state, next);
            if (child != Root)
            {
                return child;
            }
        }

        return _fromRoot[next];
    }

    /// <summary>How many of the last bytes may be the beginning of a form that is not complete.</summary>
    internal int Undecided(int state) => _nodes[state].Undecided;

    /// <summary>Length of the longest form that ends here; 0 for none.</summary>
    internal int Found(int state) => _nodes[state].Found;

    private static void Add(List<Node> nodes, byte[] form)
    {
        var at = Root;
        foreach (var value in form)
        {
            var child = Child(CollectionsMarshal.AsSpan(nodes), at, value);
            if (child == Root)
            {
                child = nodes.Count;
                nodes.Add(new Node { Byte = value, Sibling = nodes[at].Child, Undecided = nodes[at].Undecided + 1 });
                CollectionsMarshal.AsSpan(nodes)[at].Child = child;
            }

            at = child;
        }

        CollectionsMarshal.AsSpan(nodes)[at].Found = form.Length;
    }

    /// <summary>The child by a byte, or the root, which is nobody's child.</summary>
    private static int Child(ReadOnlySpan<Node> nodes, int parent, byte value)
    {
        var child = nodes[parent].Child;
        while (child != Root && nodes[child].Byte != value)
        {
            child = nodes[child].Sibling;
        }

        return child;
    }

    private int Child(int parent, byte value) => Child(_nodes, parent, value);

    /// <summary>Breadth first, so that the suffixes of shorter nodes are known.</summary>
    private void LinkSuffixes()
    {
        var queue = new Queue<int>();
        queue.Enqueue(Root);
        while (queue.TryDequeue(out var parent))
        {
            for (var child = _nodes[parent].Child; child != Root; child = _nodes[child].Sibling)
            {
                ref var node = ref _nodes[child];
                node.Suffix = parent == Root ? Root : Step(_nodes[parent].Suffix, node.Byte);
                node.Found = Math.Max(node.Found, _nodes[node.Suffix].Found);
                if (node.Child == Root)
                {
                    node.Undecided = _nodes[node.Suffix].Undecided;
                }

                queue.Enqueue(child);
            }
        }
    }

    /// <summary>A prefix of one or more forms.</summary>
    private struct Node
    {
        /// <summary>The byte that leads here from the parent.</summary>
        public byte Byte;

        /// <summary>The first child.</summary>
        public int Child;

        /// <summary>The next child of the same parent.</summary>
        public int Sibling;

        /// <summary>The longest other prefix that this one ends with.</summary>
        public int Suffix;

        /// <summary>Length of the longest unfinished form that the prefix ends with: its own, or if it is complete, a shorter one's.</summary>
        public int Undecided;

        /// <summary>Length of the longest form that the prefix ends with; 0 for none.</summary>
        public int Found;
    }
}
